#include "cortc/crypto/impl/system_random.ipp"
#include "cortc/crypto/mbedtls/impl/hash.ipp"
