#pragma once
#include <spawn.h>

/// For whatever is spawned: a session of its own, no signal ignored, handled or held back.
void chost_reset_signals(posix_spawnattr_t *attributes);
