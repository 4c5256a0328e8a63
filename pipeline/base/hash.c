#include "pipeline/base/hash.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

struct hash {
    EVP_MD_CTX *ctx;
};

struct hash *hash_new(void)
{
    struct hash *h = calloc(1, sizeof(*h));

    if (!h)
        return NULL;
    h->ctx = EVP_MD_CTX_new();
    if (!h->ctx || !EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL))
        hash_free(&h);
    return h;
}

void hash_add(struct hash *h, const void *data, size_t len)
{
    EVP_DigestUpdate(h->ctx, data, len);
}

void hash_end(struct hash *h, uint8_t out_r[HASH_SIZE])
{
    EVP_DigestFinal_ex(h->ctx, out_r, NULL);
    EVP_DigestInit_ex(h->ctx, NULL, NULL);
}

void hash_free(struct hash **h)
{
    if (!*h)
        return;
    EVP_MD_CTX_free((*h)->ctx);
    free(*h);
    *h = NULL;
}

void hash_once(const void *data, size_t len, uint8_t out_r[HASH_SIZE])
{
    EVP_Digest(data, len, out_r, NULL, EVP_sha256(), NULL);
}

char *hash_text(const uint8_t digest[HASH_SIZE], char text_r[HASH_TEXT_MAX])
{
    static const char hex[] = "0123456789abcdef";

    for (int i = 0; i < HASH_SIZE; i++) {
        text_r[2 * i] = hex[digest[i] >> 4];
        text_r[2 * i + 1] = hex[digest[i] & 15];
    }
    text_r[2 * HASH_SIZE] = '\0';
    return text_r;
}

uint64_t hash_fnv(const void *data, size_t len)
{
    const uint8_t *p = data;
    uint64_t h = 0xcbf29ce484222325ULL;

    while (len--)
        h = (h ^ *p++) * 0x100000001b3ULL;
    return h;
}
