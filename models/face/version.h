// <abax/version.h>: the version of headers and library.
#pragma once

#include "core/base/version.h"
