#include "cortc/async/impl/operation_memory.ipp"
#include "cortc/async/impl/waiter.ipp"
