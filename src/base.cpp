#include "cortc/base/impl/base64.ipp"
#include "cortc/base/impl/endpoint.ipp"
#include "cortc/base/impl/json.ipp"
#include "cortc/base/impl/utf8.ipp"
