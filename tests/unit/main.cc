// The one translation unit that carries doctest's runner; every other file of this folder only includes its header.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
