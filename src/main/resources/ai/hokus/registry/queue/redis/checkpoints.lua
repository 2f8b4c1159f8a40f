-- The newest checkpoints and milestones. KEYS: the queue, the checkpoints, the milestones. ARGV: how many checkpoints and how
-- many milestones at most (0: none). Reply: the depth, the number of checkpoints, these, then the milestones, both the newest
-- first.
--
-- Trimming nothing is a write: a replica, or a primary that a failover has demoted, answers READONLY instead of something old
-- that would look like a loss. Redis does not check memory for this command, so an acknowledgement can be read while Redis is
-- full, and a new client can take over then.
local queue, checkpoints = KEYS[1], KEYS[2]
local primary = redis.pcall('LTRIM', checkpoints, 0, -1)
if failed(primary) then return primary end
local depth = redis.pcall('LLEN', queue)
if failed(depth) then return depth end
local newest = redis.pcall('LRANGE', checkpoints, 0, tonumber(ARGV[1]) - 1)
if failed(newest) then return newest end
local result = {depth, #newest}
for i = 1, #newest do result[#result + 1] = newest[i] end
if ARGV[2] ~= '0' then
  -- If the key holds something else, there are no milestones: without them a rewind is only longer.
  local older = redis.pcall('LRANGE', KEYS[3], 0, tonumber(ARGV[2]) - 1)
  if failed(older) and not string.find(older.err, 'WRONGTYPE', 1, true) then return older end
  for i = 1, #older do result[#result + 1] = older[i] end
end
return result
