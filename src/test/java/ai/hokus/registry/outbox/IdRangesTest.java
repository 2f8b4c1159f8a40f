package ai.hokus.registry.outbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class IdRangesTest {

    /** Against a set of single ids, in a thousand random sequences of operations. */
    @Test
    void ranges_hold_the_same_ids_as_a_set() {
        for (long seed = 0; seed < 1_000; seed++) {
            Random random = new Random(seed);
            IdRanges ranges = IdRanges.EMPTY;
            TreeSet<Long> set = new TreeSet<>();
            long upTo = 0;
            for (int step = 0; step < 12; step++) {
                switch (random.nextInt(3)) {
                    case 0 -> {
                        long next = upTo + random.nextInt(8);
                        ranges = ranges.plus(upTo, next);
                        for (long id = upTo + 1; id <= next; id++) {
                            set.add(id);
                        }
                        upTo = next;
                    }
                    case 1 -> {
                        long[] ids = random.longs(random.nextInt(6), 0, upTo + 3)
                                .sorted()
                                .distinct()
                                .toArray();
                        ranges = ranges.minus(ids);
                        for (long id : ids) {
                            set.remove(id);
                        }
                    }
                    default -> {
                        long above = random.nextLong(upTo + 1) / 2;
                        ranges = ranges.above(above);
                        set.headSet(above, true).clear();
                    }
                }
                assertThat(ids(ranges)).as("seed " + seed).isEqualTo(set);
            }
        }
    }

    private static TreeSet<Long> ids(IdRanges ranges) {
        TreeSet<Long> ids = new TreeSet<>();
        long[] from = ranges.from();
        long[] to = ranges.to();
        for (int i = 0; i < from.length; i++) {
            assertThat(i == 0 || from[i] > to[i - 1] + 1)
                    .as("ranges that touch")
                    .isTrue();
            for (long id = from[i]; id <= to[i]; id++) {
                ids.add(id);
            }
        }
        return ids;
    }
}
