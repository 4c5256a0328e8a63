/* SHA-256 (OpenSSL) for evidence and verification. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE     32
#define HASH_TEXT_MAX 65

struct hash; /* a running SHA-256 */

struct hash *hash_new(void); /* NULL on ENOMEM */
void hash_add(struct hash *h, const void *data, size_t len);
/* Writes the digest and makes h ready for the next message. */
void hash_end(struct hash *h, uint8_t out_r[HASH_SIZE]);
void hash_free(struct hash **h);

void hash_once(const void *data, size_t len, uint8_t out_r[HASH_SIZE]);
/* Lower-case hex and NUL into text_r; returns it. */
char *hash_text(const uint8_t digest[HASH_SIZE], char text_r[HASH_TEXT_MAX]);

/* FNV-1a, 64 bits: stable names and table keys, never evidence. */
uint64_t hash_fnv(const void *data, size_t len);

#endif
