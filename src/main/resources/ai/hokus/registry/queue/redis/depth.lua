-- The depth of a list that is in another slot than the queue. KEYS: the list. Writes nothing, because there the user need not
-- have the right to trim; a node of a cluster that was demoted answers MOVED.
local depth = redis.pcall('LLEN', KEYS[1])
if failed(depth) then return depth end
return {depth}
