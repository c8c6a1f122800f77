#include "cortc/async/impl/waiter.ipp"
