-- What Redis does when its memory is full. KEYS: the queue, which is not touched. Reply: the policy; nothing where the user may
-- not ask. ElastiCache refuses CONFIG, so INFO is read.
local info = redis.pcall('INFO', 'memory')
if type(info) == 'table' then return {} end
return {string.match(info, 'maxmemory_policy:([%w%-]+)')}
