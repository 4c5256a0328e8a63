/* Ciphers, CRC and signature against the vectors of mspst.md section 8. */
#include "pipeline/base/hash.h"
#include "pipeline/pst/crypt.h"
#include "tests/unit/check.h"

static const char sum_r[] =
    "9ba99036454c100f42d8c59b7a94fa1af0539f270d92ff49181c310839bf99bd";
static const char sum_i[] =
    "e5e364c16aa1a12f6765bb797d3da93c007ffd7fce570a5b630cfa315786af6d";

static void all_bytes(uint8_t bytes[256])
{
    for (unsigned i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
}

/* Permuting 00..FF writes the table itself out. */
static void check_tables(void)
{
    uint8_t bytes[256], digest[HASH_SIZE];
    char text[HASH_TEXT_MAX];

    all_bytes(bytes);
    crypt_encode(PST_CRYPT_PERMUTE, 0, bytes, sizeof(bytes));
    hash_once(bytes, sizeof(bytes), digest);
    CHECK_STR(hash_text(digest, text), sum_r);
    all_bytes(bytes);
    crypt_decode(PST_CRYPT_PERMUTE, 0, bytes, sizeof(bytes));
    hash_once(bytes, sizeof(bytes), digest);
    CHECK_STR(hash_text(digest, text), sum_i);
}

static void check_permute(void)
{
    static const uint8_t want[] = {0x41, 0x36, 0x13, 0x62,
                                   0xA8, 0x21, 0x6E, 0xBB};
    uint8_t data[] = {0, 1, 2, 3, 4, 5, 6, 7};

    crypt_encode(PST_CRYPT_PERMUTE, 99, data, sizeof(data));
    CHECK(memcmp(data, want, sizeof(want)) == 0);
    crypt_decode(PST_CRYPT_PERMUTE, 99, data, sizeof(data));
    CHECK_EQ(data[7], 7);
}

static void check_cyclic(void)
{
    static const uint8_t zeros[] = {0xB9, 0x32, 0xA2, 0xE0,
                                    0xB6, 0xA8, 0x8A, 0x23};
    static const uint8_t hello[] = {0x9E, 0x35, 0x7E, 0x7C, 0x8D, 0xA6,
                                    0x54, 0xF6, 0x1A, 0x1E, 0x4D, 0x74};
    uint8_t data[8] = {0};
    char text[] = "Hello, world";

    crypt_encode(PST_CRYPT_CYCLIC, 0, data, sizeof(data));
    CHECK(memcmp(data, zeros, sizeof(zeros)) == 0);
    crypt_encode(PST_CRYPT_CYCLIC, 0x1235, text, 12); /* bit 0 does not count */
    CHECK(memcmp(text, hello, sizeof(hello)) == 0);
    crypt_decode(PST_CRYPT_CYCLIC, 0x1234, text, 12);
    CHECK_STR(text, "Hello, world");
}

/* A whole block: the key runs over several tables and wraps. */
static void check_cyclic_long(void)
{
    static uint8_t data[8176], plain[8176];

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = plain[i] = (uint8_t)(i * 7);
    crypt_encode(PST_CRYPT_CYCLIC, 0xFFF0, data, sizeof(data));
    CHECK(memcmp(data, plain, sizeof(data)) != 0);
    crypt_decode(PST_CRYPT_CYCLIC, 0xFFF0, data, sizeof(data));
    CHECK(memcmp(data, plain, sizeof(data)) == 0);
}

int main(void)
{
    check_tables();
    check_permute();
    check_cyclic();
    check_cyclic_long();
    CHECK_EQ(crypt_crc("123456789", 9), 0x2DFD2D88);
    CHECK_EQ(crypt_crc("", 0), 0);
    CHECK_EQ(crypt_signature(0x12340, 0x64), 0x2325);
    return check_report();
}
