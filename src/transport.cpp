#include "cortc/transport/impl/transport.ipp"
#include "cortc/transport/impl/demultiplexer.ipp"
#include "cortc/transport/impl/engine.ipp"
#include "cortc/transport/impl/media_part.ipp"
