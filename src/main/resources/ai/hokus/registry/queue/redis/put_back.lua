-- KEYS: the queue, a list. ARGV: the elements, in the order in which they are to be taken, then what to push instead of them,
-- in reverse. Reply: how many were moved; an error reply when nothing was changed.
local queue, list, count = KEYS[1], KEYS[2], #ARGV / 2
-- What takes all back needs LTRIM. One that trims nothing shows that it is permitted, and that this is a primary. LTRIM is
-- allowed while memory is full, and then the later steps are too. The elements need no more memory in the queue than in the
-- list.
local undo = redis.pcall('LTRIM', queue, 0, -1)
if failed(undo) then return undo end
-- Push first: if anything fails after that, the elements are in both places and not in none.
local pushed = redis.pcall('RPUSH', queue, unpack(ARGV, count + 1))
if failed(pushed) then return pushed end
local moved, gone = 0, 0
for i = 1, count do
  -- Searched from the oldest, and the oldest elements first: 1,000 keep Redis busy for about 2 ms. An element that is gone is
  -- searched for in the whole list, so after max_gone of them (ConsumerLists.MAX_GONE) the others stay.
  local removed = gone < max_gone and redis.pcall('LREM', list, -1, ARGV[i]) or 0
  if failed(removed) then
    -- None may be removed, which the first one shows.
    if i == 1 then redis.pcall('LTRIM', queue, 0, -1 - count) end
    return removed
  end
  if removed == 0 then
    gone = gone + 1
    undo = redis.pcall('LREM', queue, -1, ARGV[2 * count + 1 - i])
    if failed(undo) then return undo end
  end
  moved = moved + removed
end
return {moved}
