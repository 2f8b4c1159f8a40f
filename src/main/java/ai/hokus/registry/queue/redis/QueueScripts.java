package ai.hokus.registry.queue.redis;

/**
 * The only code that appends to the queue and writes checkpoints. Lua does not roll back, so the order of the steps makes an
 * append all-or-nothing, whichever right an ACL takes away and whenever memory runs out.
 *
 * <p>Rights that the Redis user needs: {@code +eval +lindex +llen +linsert +lrange +ltrim +lpush +ping} on the queue and
 * on {@code {QUEUE}:outbox:*}, {@code +cluster} in a cluster, and {@code +publish} on {@code QUEUE:pubsub} where
 * notifications are on. Only a missing right to publish is a warning; without any of the others an append changes nothing.
 *
 * <p>Errors come from {@code redis.pcall} and are returned as they are: before version 7, an error out of {@code
 * redis.call} is wrapped into a sentence about the script.
 */
final class QueueScripts {

    /** The first lines of the scripts. */
    static final String FAILED = """
            local function failed(reply)
              return type(reply) == 'table' and reply.err
            end
            """;

    /**
     * Compare-and-append.
     *
     * <p>KEYS: the queue, the checkpoints, the milestones. ARGV: the expected checkpoint (empty: none), the new one, the
     * capacity, how many checkpoints and milestones to keep, whether the new checkpoint is a milestone (1 or 0), the
     * notifications' channel (empty: off), the number of elements, the elements, the notifications.
     *
     * <ol>
     *   <li>More elements than {@code unpack} can pass on (it throws at about 8,000): an error, before anything is written.
     *   <li>Another checkpoint than the expected one: STALE.
     *   <li>No room: FULL. LLEN also finds a key of another type.
     *   <li>Redis checks memory only at the first writing command of a script. So LINSERT, which is checked, comes first.
     *       It does nothing, because no checkpoint is empty, and it finds a read-only replica too.
     *   <li>Step 7 needs LTRIM. One that trims nothing shows that it is permitted.
     *   <li>The checkpoint.
     *   <li>All elements in one command. If Redis refuses them, the checkpoint is taken off again: REFUSED. A checkpoint
     *       that stayed without its messages would be a loss.
     *   <li>The append has happened: APPENDED. What fails from here on is only a warning.
     * </ol>
     *
     * <p>Replies: {@code STALE newest|nil}, {@code FULL room depth}, {@code REFUSED error}, {@code APPENDED depth
     * warning...}; an error reply when something failed before anything was changed.
     */
    static final String APPEND = FAILED + """
            local queue, checkpoints, milestones = KEYS[1], KEYS[2], KEYS[3]
            local expected, checkpoint, capacity, kept = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
            local milestone, channel, count, before = ARGV[5] == '1', ARGV[6], tonumber(ARGV[7]), 7

            -- 1
            if count > 5000 then return redis.error_reply('ERR an append takes at most 5000 elements, not ' .. count) end
            -- 2
            local newest = redis.pcall('LINDEX', checkpoints, 0)
            if failed(newest) then return newest end
            if (newest or '') ~= expected then return {'STALE', newest} end
            -- 3
            local depth = redis.pcall('LLEN', queue)
            if failed(depth) then return depth end
            if count > 0 and depth + count > capacity then
              return {'FULL', math.max(capacity - depth, 0), depth}
            end
            -- 4
            local probe = redis.pcall('LINSERT', checkpoints, 'BEFORE', '', '')
            if failed(probe) then return probe end
            -- 5
            local undo = redis.pcall('LTRIM', checkpoints, 0, -1)
            if failed(undo) then return undo end
            -- 6
            local marked = redis.pcall('LPUSH', checkpoints, checkpoint)
            if failed(marked) then return marked end
            -- 7
            if count > 0 then
              local pushed = redis.pcall('LPUSH', queue, unpack(ARGV, before + 1, before + count))
              if failed(pushed) then
                undo = redis.pcall('LTRIM', checkpoints, 1, -1)
                if failed(undo) then return undo end
                return {'REFUSED', pushed.err}
              end
              depth = pushed
            end
            -- 8
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
            """;

    /**
     * The newest checkpoints and milestones. KEYS: the queue, the checkpoints, the milestones. ARGV: how many checkpoints and
     * how many milestones at most (0: none). Reply: the depth, the number of checkpoints, these, then the milestones, both the
     * newest first. Where the milestones' key holds something else, there are none: without them a rewind is only longer.
     *
     * <p>Trimming nothing is a write: a replica, or a primary that a failover has demoted, answers READONLY instead of
     * something old that would look like a loss. Redis does not check memory for this command, so an acknowledgement can
     * be read while Redis is full, and a new client can take over then.
     */
    static final String CHECKPOINTS = FAILED + """
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
              local older = redis.pcall('LRANGE', KEYS[3], 0, tonumber(ARGV[2]) - 1)
              if failed(older) and not string.find(older.err, 'WRONGTYPE', 1, true) then return older end
              for i = 1, #older do result[#result + 1] = older[i] end
            end
            return result
            """;

    /** Answers if Redis does and may run scripts, a replica too. KEYS: the queue, which is not touched. */
    static final String PING = "return {'PONG'}";

    /**
     * What Redis does when its memory is full. KEYS: the queue, which is not touched. Reply: the policy; nothing where the
     * user may not ask. ElastiCache refuses CONFIG, so INFO is read.
     */
    static final String EVICTION_POLICY = """
            local info = redis.pcall('INFO', 'memory')
            if type(info) == 'table' then return {} end
            return {string.match(info, 'maxmemory_policy:([%w%-]+)')}
            """;

    private QueueScripts() {}
}
