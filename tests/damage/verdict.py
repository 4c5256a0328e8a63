"""Counts of what became of damaged stores, a row for each kind of damage, and
whether the promises of issue 3 hold: nothing crashes or hangs, no wrong byte
goes without a word, every intact item is shown where no index was hit and 99
of 100 where one was."""
import collections

INDEX_SHARE = 0.99
SHARE_ITEMS = 500  # a share of fewer says nothing of one kind alone


class Row(collections.Counter):
    """Keys: stores, items (in them), intact (no block of their own was hit),
    shown (of the intact ones, with all their bytes), intact_data and
    shown_data (where no index was hit), wrong, twice, crashes, and more."""

    def add(self, index, intact, shown, **more):
        self.update(stores=1, intact=intact, shown=shown, **more)
        if not index:
            self.update(intact_data=intact, shown_data=shown)

    def share(self):
        return 100.0 * self['shown'] / self['intact'] if self['intact'] else 100

    def missed(self):
        """The promises that were broken, in words."""
        found = ['%d %s' % (self[key], key)
                 for key in ('crashes', 'wrong', 'twice') if self[key]]
        lost = self['intact_data'] - self['shown_data']
        if lost:
            found.append('%d intact items lost, no index was hit' % lost)
        index = self['intact'] - self['intact_data']
        if index >= SHARE_ITEMS and (self['shown'] - self['shown_data'] <
                      INDEX_SHARE * index):
            found.append('under 99 % of the intact items, an index was hit')
        return found


# Heading of a column, and the key of a row or a function of it.
COMMON = (('stores', 'stores'), ('items', 'items'), ('intact', 'intact'),
          ('shown', 'shown'), ('%', lambda row: '%.2f' % row.share()))


def cell(row, what):
    return str(what(row) if callable(what) else row[what])


def print_table(rows, columns):
    """The rows and their sum."""
    total = Row()
    for row in rows.values():
        total.update(row)
    table = [['kind'] + [head for head, _ in columns]]
    for kind, row in [*rows.items(), ('all', total)]:
        table.append([kind] + [cell(row, what) for _, what in columns])
    widths = [max(map(len, column)) for column in zip(*table)]
    for line in table:
        print('%-*s' % (widths[0], line[0]) + ''.join(
            '%*s' % (width + 2, text)
            for width, text in zip(widths[1:], line[1:])))


def promises_hold(rows):
    total = Row()
    for row in rows.values():
        total.update(row)
    missed = [(kind, why) for kind, row in [*rows.items(), ('all', total)]
              for why in row.missed()]
    for kind, why in missed:
        print('missed: %s: %s' % (kind, why))
    return not missed
