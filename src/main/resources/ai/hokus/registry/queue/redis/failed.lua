-- The first lines of the other scripts. Errors come from redis.pcall and are returned as they are: before version 7, an error
-- out of redis.call is wrapped into a sentence about the script.
local function failed(reply)
  return type(reply) == 'table' and reply.err
end
