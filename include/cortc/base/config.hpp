#pragma once

/// How the bodies in impl/*.ipp are compiled: once in the library (the default), or inline in every
/// translation unit that includes them (CORTC_HEADER_ONLY).
#if defined(CORTC_HEADER_ONLY)
#define CORTC_DECL inline
#else
#define CORTC_DECL
#endif
