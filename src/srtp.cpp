#include "cortc/srtp/impl/session.ipp"
