#include "cortc/transport/impl/transport.ipp"
