#include <zlib.h>

#include "pipeline/pst/disk.h"

int inflate_block(const void *in, size_t in_len, void *out, size_t out_len)
{
    z_stream z = {0};
    bool whole;

    if (inflateInit(&z) != Z_OK)
        return -ENOMEM;
    z.next_in = (Bytef *)in;
    z.avail_in = (uInt)in_len;
    z.next_out = out;
    z.avail_out = (uInt)out_len;
    whole = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_out == 0;
    inflateEnd(&z);
    return whole ? 0 : -EBADMSG;
}
