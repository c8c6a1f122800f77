#include "cortc/dtls/impl/front_filter.ipp"
#include "cortc/dtls/impl/transport.ipp"
