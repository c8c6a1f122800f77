#include "cortc/context/impl/context.ipp"
#include "cortc/context/impl/context_core.ipp"
#include "cortc/context/impl/totals.ipp"
