#include "cortc/turn/impl/authentication.ipp"
#include "cortc/turn/impl/client.ipp"
#include "cortc/turn/impl/client_data.ipp"
