/* The two ciphers of block data (section 8, [MS-PST] 5.1 and 5.2). */
#ifndef PST_CRYPT_H
#define PST_CRYPT_H

#include <stddef.h>
#include <stdint.h>

enum pst_crypt {
    PST_CRYPT_NONE = 0,
    PST_CRYPT_PERMUTE = 1,
    PST_CRYPT_CYCLIC = 2
};

/* In place. bid: the block's id; bit 0 is cleared inside. */
void crypt_decode(enum pst_crypt method, uint64_t bid, void *data, size_t len);
void crypt_encode(enum pst_crypt method, uint64_t bid, void *data, size_t len);

/* CRC-32 of section 8: reflected 0xEDB88320, start 0, no final inversion. */
uint32_t crypt_crc(const void *data, size_t len);

/* Page and block signature: hi16 XOR lo16 of low32(ib XOR bid). */
uint16_t crypt_signature(uint64_t ib, uint64_t bid);

#endif
