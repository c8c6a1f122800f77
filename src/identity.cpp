#include "cortc/identity/impl/parties.ipp"
#include "cortc/identity/impl/provider.ipp"
#include "cortc/identity/impl/text.ipp"
