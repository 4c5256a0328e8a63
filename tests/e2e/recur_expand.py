"""Recurrences expanded straight from their blobs, as [MS-OXOCAL] 2.2.1.44 and
the time zone structures of 2.2.1.39 and 2.2.1.41 say. Shares nothing with the
product, nor with any calendar library: it counts days.

expand(row) gives {original: (start, end)} for the first two years, instants
as '20240115T080000Z', days as '20240115'.
"""
import calendar
import struct
from datetime import date, datetime, timedelta

EPOCH = datetime(1601, 1, 1)
YEARS = 2
NEVER = (0x2023, 0xFFFFFFFF)
BY_DATE, BY_COUNT = 0x2021, 0x2022
FOREVER = 0x5AE980DF


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        value = struct.unpack_from('<' + form, self.data, self.at)
        self.at += struct.calcsize('<' + form)
        return value[0] if len(value) == 1 else value

    def bytes(self, n):
        piece = self.data[self.at:self.at + n]
        assert len(piece) == n, 'blob is cut'
        self.at += n
        return piece


def minutes(n):
    return EPOCH + timedelta(minutes=n)


# ---- the pattern ----

class Pattern:
    """2.2.1.44.1 RecurrencePattern."""

    def __init__(self, r):
        reader, writer = r.take('HH')
        assert reader == 0x3004 and writer == 0x3004
        self.frequency, self.kind, self.calendar = r.take('HHH')
        self.first, self.period, self.sliding = r.take('III')
        self.mask = self.number = 0
        if self.kind == 1:
            self.mask = r.take('I')
        elif self.kind in (2, 4, 0xA, 0xC):
            self.number = r.take('I')
        elif self.kind in (3, 0xB):
            self.mask, self.number = r.take('II')
        else:
            assert self.kind == 0
        self.end, self.count, self.week_start = r.take('III')
        self.deleted = [minutes(r.take('I')) for _ in range(r.take('I'))]
        self.modified = [minutes(r.take('I')) for _ in range(r.take('I'))]
        self.start = minutes(r.take('I')).date()
        last = r.take('I')
        self.last = None if last == FOREVER else minutes(last).date()

    def is_gregorian(self):
        return self.kind in (0, 1) or (
            self.kind < 0xA and self.calendar not in (6, 8, 14, 15, 16, 17,
                                                      18, 19, 20, 23))

    def days(self):
        """All days from the start on, for ever."""
        make = {0: self.by_days, 1: self.by_weeks}.get(self.kind,
                                                      self.by_months)
        for day in make():
            if day >= self.start:
                yield day

    def by_days(self):
        day, step = self.start, timedelta(days=self.period // 1440)
        while True:
            yield day
            day += step

    def by_weeks(self):
        # date.weekday() has Monday 0, the blob Sunday 0.
        begin = (self.start.weekday() + 1 - self.week_start) % 7
        week = self.start - timedelta(days=begin)
        step = 1 if self.frequency == 0x200A else self.period
        while True:
            for i in range(7):
                day = week + timedelta(days=i)
                if self.mask >> (day.weekday() + 1) % 7 & 1:
                    yield day
            week += timedelta(days=7 * step)

    def by_months(self):
        month = self.start.year * 12 + self.start.month - 1
        while True:
            year, m = divmod(month, 12)
            length = calendar.monthrange(year, m + 1)[1]
            if self.kind == 2:
                yield date(year, m + 1, min(self.number, length))
            elif self.kind == 4:
                yield date(year, m + 1, length)
            else:
                fit = [d for d in (date(year, m + 1, k + 1)
                                   for k in range(length))
                       if self.mask >> (d.weekday() + 1) % 7 & 1]
                if self.number == 5:
                    yield fit[-1]
                elif len(fit) >= self.number:
                    yield fit[self.number - 1]
            month += self.period

    def bounded(self):
        stop = add_years(self.start, YEARS)
        for n, day in enumerate(self.days()):
            if day >= stop:
                return
            if self.end == BY_COUNT and n >= self.count:
                return
            if self.end == BY_DATE and self.last and day > self.last:
                return
            yield day


def add_years(day, years):
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


class Appointment:
    """2.2.1.44.5 AppointmentRecurrencePattern."""

    def __init__(self, data):
        r = Reader(data)
        self.pattern = Pattern(r)
        version, self.writer = r.take('II')
        assert version == 0x3006
        self.start, self.end = r.take('II')
        self.changes = [self.change(r) for _ in range(r.take('H'))]

    @staticmethod
    def change(r):
        """2.2.1.44.2 ExceptionInfo."""
        start, end, original, flags = r.take('IIIH')
        x = {'start': minutes(start), 'end': minutes(end),
             'original': minutes(original), 'all_day': None}
        if flags & 1:
            r.bytes(r.take('HH')[1])
        for bit in (2, 4, 8):
            if flags & bit:
                r.take('I')
        if flags & 0x10:
            r.bytes(r.take('HH')[1])
        for bit in (0x20, 0x40):
            if flags & bit:
                r.take('I')
        if flags & 0x80:
            x['all_day'] = r.take('I') != 0
        if flags & 0x100:
            r.take('I')
        return x


# ---- the zone ----

class Rule:
    def __init__(self, year, biases, standard, daylight):
        self.year, (base, std, dst) = year, biases
        self.standard = timedelta(minutes=-(base + std))
        self.daylight = timedelta(minutes=-(base + dst))
        self.off, self.on = standard, daylight
        self.changes = bool(standard[1] and daylight[1]) and std != dst

    def key(self):
        if not self.changes:
            return (self.standard,)
        return (self.standard, self.daylight, self.off[:7], self.on[:7])

    @staticmethod
    def moment(when, year):
        y, month, weekday, day, hour, minute, second, _ = when
        if y:
            return datetime(y, month, day, hour, minute, second) \
                if y == year else None
        days = [d for d in calendar.Calendar().itermonthdates(year, month)
                if d.month == month and (d.weekday() + 1) % 7 == weekday]
        found = days[-1] if day == 5 else days[day - 1]
        return datetime(found.year, found.month, found.day, hour, minute,
                        second)

    def transitions(self, year):
        """[(local time before the change, offset before, after)]"""
        if not self.changes:
            return []
        rows = [(self.moment(self.on, year), self.standard, self.daylight),
                (self.moment(self.off, year), self.daylight, self.standard)]
        return sorted(r for r in rows if r[0])

    def in_year(self, year):
        """Its first offset and its changes. One at the very start of the
        year is how Windows says what the year begins with."""
        rows = self.transitions(year)
        if not rows:
            return self.standard, []
        if rows[0][0] == datetime(year, 1, 1):
            return rows[0][2], rows[1:]
        return rows[0][1], rows


class Zone:
    def __init__(self, rules):
        self.rules = rules

    def rule(self, year):
        fit = [r for r in self.rules if r.year <= year]
        return fit[-1] if fit else self.rules[0]

    def steps(self, year):
        """Changes around a year, the change of the rules among them."""
        rows, now = [], None
        for y in range(year - 1, year + 2):
            begin, changes = self.rule(y).in_year(y)
            if now is not None and now != begin:
                rows.append((datetime(y, 1, 1), now, begin))
            now = begin
            for row in changes:
                rows.append(row)
                now = row[2]
        return rows

    def utc(self, local):
        """RFC 5545 3.3.5: what is left out goes by the offset before, what
        comes twice is the first."""
        rows = self.steps(local.year)
        offset = rows[0][1] if rows else self.rule(local.year).standard
        for when, before, after in rows:
            if local >= max(when, when + (after - before)):
                offset = after
        return local - offset


def system_time(data):
    return struct.unpack('<8H', data)


def zone_struct(data):
    """2.2.1.39 PidLidTimeZoneStruct."""
    r = Reader(data)
    biases = r.take('iii')
    r.take('H')
    standard = system_time(r.bytes(16))
    r.take('H')
    return Zone([Rule(0, biases, standard, system_time(r.bytes(16)))]), None


def zone_definition(data):
    """2.2.1.41 PidLidAppointmentTimeZoneDefinitionRecur."""
    r = Reader(data)
    assert r.take('BB') == (2, 1)
    header = r.take('H')
    r.bytes(header - 2)
    rules, marked = [], None
    for _ in range(r.take('H')):
        r.take('BBH')
        flags, year = r.take('HH')
        r.bytes(14)
        biases = r.take('iii')
        rules.append(Rule(year, biases, system_time(r.bytes(16)),
                          system_time(r.bytes(16))))
        if flags & 1:
            marked = rules[-1]
    return Zone(rules), marked or rules[-1]


def find_zone(row):
    """2.2.1.41: where both are there and differ the structure holds."""
    old = row.get('zone_struct') and zone_struct(row['zone_struct'])[0]
    new, marked = row.get('zone_recur') and \
        zone_definition(row['zone_recur']) or (None, None)
    if new and (not old or marked.key() == old.rules[0].key()):
        return new
    if old:
        return old
    if row.get('zone_start'):
        return zone_definition(row['zone_start'])[0]
    return None


class Fixed:
    def __init__(self, offset):
        self.offset = offset

    def utc(self, local):
        return local - self.offset


def guessed_zone(row, first):
    """Without a zone: as the start in both clocks tells."""
    if row.get('start') is None:
        return Fixed(timedelta(0))
    start = datetime(1970, 1, 1) + timedelta(seconds=row['start'])
    seconds = (first - start).total_seconds() % 86400
    if seconds > 15 * 3600:
        seconds -= 86400
    return Fixed(timedelta(seconds=seconds // 60 * 60))


# ---- both ----

def stamp(when):
    return when.strftime('%Y%m%dT%H%M%SZ')


def day_text(when):
    return when.strftime('%Y%m%d')


def midnight(day):
    return datetime(day.year, day.month, day.day)


def expand_event(row):
    a = Appointment(row['recur'])
    p = a.pattern
    length = timedelta(minutes=a.end - a.start)
    all_day = row.get('all_day', False)
    zone = find_zone(row) or guessed_zone(
        row, midnight(p.start) + timedelta(minutes=a.start))
    if not p.is_gregorian():
        return p, {}
    changed = {x['original'].date(): x for x in a.changes}
    gone = {d.date() for d in p.deleted}
    out = {}
    for day in p.bounded():
        x = changed.get(day)
        if not x and day in gone:
            continue
        start = midnight(day) + timedelta(minutes=a.start)
        key = day_text(day) if all_day else stamp(zone.utc(start))
        end = start + length
        dates = all_day
        if x:
            start, end = x['start'], x['end']
            dates = all_day if x['all_day'] is None else x['all_day']
        if dates:
            end = max(midnight(end), midnight(start) + timedelta(days=1))
            out[key] = (day_text(start), day_text(end))
        else:
            out[key] = (stamp(zone.utc(start)), stamp(zone.utc(end)))
    return p, out


def expand_task(row):
    """Days from the present instance on; the earlier ones are done."""
    p = Pattern(Reader(row['task_recur']))
    if p.sliding or not p.is_gregorian():
        return p, {}
    gone = {d.date() for d in p.deleted} | {d.date() for d in p.modified}
    days = list(p.bounded())
    return p, {day_text(d): (day_text(d), None) for d in days
               if d not in gone}


def describe(p):
    """The kind of a pattern, for the table."""
    if p.sliding:
        return 'regenerating'
    if not p.is_gregorian():
        return 'other calendar'
    if p.kind == 0:
        return 'daily'
    if p.kind == 1:
        return 'daily, weekdays' if p.frequency == 0x200A else 'weekly'
    every = 'yearly' if p.frequency == 0x200D else 'monthly'
    if p.kind == 4:
        return every + ', last day'
    if p.kind == 2:
        return every + (', day 29-31' if p.number > 28 else '')
    days = bin(p.mask).count('1')
    what = {1: 'nth', 2: 'nth weekend day', 5: 'nth weekday', 7: 'nth day'}
    return '%s, %s' % (every, what.get(days, 'nth of some'))


def describe_end(p):
    return {BY_DATE: 'date', BY_COUNT: 'count'}.get(p.end, 'never')
