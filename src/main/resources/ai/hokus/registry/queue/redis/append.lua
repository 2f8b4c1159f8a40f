-- Compare-and-append: the only code that appends to the queue and writes checkpoints. Lua does not roll back, so the order of
-- the steps makes an append all-or-nothing, whichever right an ACL takes away and whenever memory runs out.
--
-- KEYS: the queue, the checkpoints, the milestones. ARGV: the expected checkpoint (empty: none), the new one, the capacity,
-- how many checkpoints and milestones to keep, whether the new checkpoint is a milestone (1 or 0), the notifications' channel
-- (empty: off), the number of elements, the elements, the notifications.
--
-- Replies: STALE newest|nil, FULL remaining-capacity depth, REFUSED error, APPENDED depth warning...; an error reply when
-- something failed before anything was changed.
local queue, checkpoints, milestones = KEYS[1], KEYS[2], KEYS[3]
local expected, checkpoint, capacity, kept = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local milestone, channel, count, before = ARGV[5] == '1', ARGV[6], tonumber(ARGV[7]), 7

-- unpack throws at about 8,000 elements.
if count > 5000 then return redis.error_reply('ERR an append takes at most 5000 elements, not ' .. count) end

local newest = redis.pcall('LINDEX', checkpoints, 0)
if failed(newest) then return newest end
if (newest or '') ~= expected then return {'STALE', newest} end

-- LLEN also finds a key of another type.
local depth = redis.pcall('LLEN', queue)
if failed(depth) then return depth end
if count > 0 and depth + count > capacity then
  return {'FULL', math.max(capacity - depth, 0), depth}
end

-- Redis checks memory only at the first writing command of a script. So LINSERT, which is checked, comes first. It does
-- nothing, because no checkpoint is empty, and it finds a read-only replica too.
local probe = redis.pcall('LINSERT', checkpoints, 'BEFORE', '', '')
if failed(probe) then return probe end

-- What takes the checkpoint off again needs LTRIM. One that trims nothing shows that it is permitted.
local undo = redis.pcall('LTRIM', checkpoints, 0, -1)
if failed(undo) then return undo end

local marked = redis.pcall('LPUSH', checkpoints, checkpoint)
if failed(marked) then return marked end

-- All elements in one command. If Redis refuses them, the checkpoint is taken off again: one that stayed without its messages
-- would be a loss.
if count > 0 then
  local pushed = redis.pcall('LPUSH', queue, unpack(ARGV, before + 1, before + count))
  if failed(pushed) then
    undo = redis.pcall('LTRIM', checkpoints, 1, -1)
    if failed(undo) then return undo end
    return {'REFUSED', pushed.err}
  end
  depth = pushed
end

-- The append has happened. What fails from here on is only a warning.
local result = {'APPENDED', depth}
local trimmed = redis.pcall('LTRIM', checkpoints, 0, kept - 1)
if failed(trimmed) then result[#result + 1] = 'checkpoints not trimmed: ' .. trimmed.err end
if milestone then
  local kept_longer = redis.pcall('LPUSH', milestones, checkpoint)
  if not failed(kept_longer) then kept_longer = redis.pcall('LTRIM', milestones, 0, kept - 1) end
  if failed(kept_longer) then result[#result + 1] = 'milestone not kept: ' .. kept_longer.err end
end
if channel ~= '' then
  for i = 1, count do
    local told = redis.pcall('PUBLISH', channel, ARGV[before + count + i])
    if failed(told) then
      result[#result + 1] = 'notifications not published: ' .. told.err
      break
    end
  end
end
return result
