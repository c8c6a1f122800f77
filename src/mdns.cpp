#include "cortc/mdns/impl/engine.ipp"
#include "cortc/mdns/impl/message.ipp"
#include "cortc/mdns/impl/service.ipp"
