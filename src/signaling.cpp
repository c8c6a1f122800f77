#include "cortc/signaling/impl/json.ipp"
#include "cortc/signaling/impl/websocket.ipp"
