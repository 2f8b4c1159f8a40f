-- KEYS: a key that does not exist, lists, then checkpoints. ARGV: how many of the keys are lists, how many elements of a list
-- to look at, and how many bytes of them. The first list is the queue, whose elements are not looked at. Reply: the depth of
-- each list; for each but the first, the number of elements and then the elements, the oldest first; each newest checkpoint,
-- empty where there is none.
local lists, max_elements, max_bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
-- A write that changes nothing and tells nobody: a node that was demoted answers READONLY instead of lists that are out of
-- date, and its connections come under suspicion.
local primary = redis.pcall('LTRIM', KEYS[1], 0, -1)
if failed(primary) then return primary end
local result = {}
for i = 1, lists do
  local depth = redis.pcall('LLEN', KEYS[i + 1])
  if failed(depth) then return depth end
  result[i] = depth
end
for i = 2, lists do
  local place, seen, bytes = #result + 1, 0, 0
  result[place] = 0
  while seen < result[i] and seen < max_elements and bytes < max_bytes do
    -- Ten at a time, so that large elements keep Redis busy for no longer than small ones. Consumers push on the left, so the
    -- oldest are on the right.
    local n = math.min(10, max_elements - seen)
    local chunk = redis.pcall('LRANGE', KEYS[i + 1], -(seen + n), -(seen + 1))
    if failed(chunk) then return chunk end
    for j = #chunk, 1, -1 do
      result[#result + 1] = chunk[j]
      bytes = bytes + #chunk[j]
    end
    seen = seen + n
  end
  result[place] = #result - place
end
for i = lists + 2, #KEYS do
  local newest = redis.pcall('LINDEX', KEYS[i], 0)
  if failed(newest) then return newest end
  result[#result + 1] = newest or ''
end
return result
