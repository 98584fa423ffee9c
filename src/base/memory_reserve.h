// Memory kept back for the day when there is no more, so that work in hand ends instead of throwing std::bad_alloc.
//
// The first allocation that fails anywhere in the process gets what is kept; from then on memory_is_short(), until as
// much could be set aside again. Whoever is about to take something large asks first, and refuses it.
// Kept is address space that nobody has touched: it counts against `ulimit -v` and not as resident. One for the
// process, as the new-handler is. What fails in malloc() calls find_memory() itself.
#pragma once

#include <cstddef>

namespace base {

// 0 gives it up. From now on blocks of 1 MB and more go back to the system when they are freed. Called before other
// threads exist.
void keep_memory_reserve(std::size_t bytes);

// Tries to set aside again what was given out, half of it at least. False if nothing is to be kept.
bool memory_is_short();

// In one piece.
bool memory_has_room(std::size_t bytes);

// What operator new does before it tries again: throws std::bad_alloc where nothing is left to give out.
void find_memory();

}  // namespace base
