package ai.hokus.registry.queue.redis;

/**
 * The scripts for the lists that consumers keep beside the queue.
 *
 * <p>To look, the Redis user needs the rights {@code +eval +llen +lrange +lindex} on the queue, {@code QUEUE:processing},
 * {@code QUEUE:dlq} and {@code {QUEUE}:outbox:*}, and {@code +ltrim} on the last. To put back, it needs {@code +eval +rpush
 * +lrem +ltrim} on the first three. Without them the relay works all the same.
 */
final class ConsumerListScripts {

    /**
     * KEYS: a key that does not exist, lists, then checkpoints. ARGV: how many of the keys are lists, how many elements of a list to look at, and how many
     * bytes of them. The first list is the queue, whose elements are not looked at. Reply: the depth of each list; for each but
     * the first, the number of elements and then the elements, the oldest first; each newest checkpoint, empty where there is
     * none.
     *
     * <p>To trim what is not there is a write that changes nothing and tells nobody: a node that was demoted answers READONLY
     * instead of lists that are out of date, and its connections come under suspicion.
     *
     * <p>Elements are read ten at a time, so that large ones keep Redis busy for no longer than small ones. Consumers push on the
     * left, so the oldest are on the right.
     */
    static final String SNAPSHOT = QueueScripts.FAILED + """
            local lists, max_elements, max_bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
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
            """;

    /**
     * The depth of a list that is in another slot than the queue. KEYS: the list. Writes nothing, because there the user need
     * not have the right to trim; a node of a cluster that was demoted answers MOVED.
     */
    static final String DEPTH = QueueScripts.FAILED + """
            local depth = redis.pcall('LLEN', KEYS[1])
            if failed(depth) then return depth end
            return {depth}
            """;

    /**
     * KEYS: the queue, a list. ARGV: the elements, in the order in which they are to be taken, then what to push instead of them,
     * in reverse. Reply: how many were moved; an error reply when nothing was changed. The list is searched from the oldest, so
     * removing the oldest elements first keeps Redis busy for about 2 ms with 1,000 of them, and not for 14 ms.
     *
     * <ol>
     *   <li>Step 4 needs LTRIM. One that trims nothing shows that it is permitted, and that this is a primary. LTRIM is allowed
     *       while memory is full, and then the later steps are too. The elements need no more memory in the queue than in the
     *       list.
     *   <li>Push first: if anything fails after that, the elements are in both places and not in none.
     *   <li>Remove one from the list, looking from the oldest.
     *   <li>If none may be removed, which the first one shows, take back all that was pushed.
     *   <li>If it was not there, take back what was pushed in its place.
     * </ol>
     */
    static final String PUT_BACK = QueueScripts.FAILED + """
            local queue, list, count = KEYS[1], KEYS[2], #ARGV / 2
            -- 1
            local undo = redis.pcall('LTRIM', queue, 0, -1)
            if failed(undo) then return undo end
            -- 2
            local pushed = redis.pcall('RPUSH', queue, unpack(ARGV, count + 1))
            if failed(pushed) then return pushed end
            local moved = 0
            for i = 1, count do
              -- 3
              local removed = redis.pcall('LREM', list, -1, ARGV[i])
              if failed(removed) then
                -- 4
                if i == 1 then redis.pcall('LTRIM', queue, 0, -1 - count) end
                return removed
              end
              -- 5
              if removed == 0 then
                undo = redis.pcall('LREM', queue, -1, ARGV[2 * count + 1 - i])
                if failed(undo) then return undo end
              end
              moved = moved + removed
            end
            return {moved}
            """;

    private ConsumerListScripts() {}
}
