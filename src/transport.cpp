#include "cortc/transport/impl/transport.ipp"
#include "cortc/transport/impl/context.ipp"
#include "cortc/transport/impl/context_core.ipp"
#include "cortc/transport/impl/error.ipp"
