#include "cortc/base/impl/endpoint.ipp"
