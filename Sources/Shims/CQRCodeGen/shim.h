#pragma once
// Debian's libqrcodegen-dev (docs/decisions/0007).
#include <qrcodegen/qrcodegen.h>
