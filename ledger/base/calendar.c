#include "ledger/base/calendar.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Days from civil date and back: the era arithmetic over 400-year cycles (146,097 days) counted from
 * 0000-03-01. */
enum { DAYS_PER_ERA = 146097, EPOCH_SHIFT = 719468 };

enum { YEAR_MIN = 1900, YEAR_MAX = 2999 }; /* of what is read */

static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - EPOCH_SHIFT;
}

static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
    days += EPOCH_SHIFT;
    int64_t era = (days >= 0 ? days : days - DAYS_PER_ERA + 1) / DAYS_PER_ERA;
    int64_t day_of_era = days - era * DAYS_PER_ERA;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2 ? 1 : 0));
}

static pthread_once_t offset_once = PTHREAD_ONCE_INIT;
static lg_time clock_offset;

static void read_offset(void)
{
    const char *text = getenv("TALLYSTICK_CLOCK_OFFSET");
    if (text)
        clock_offset = strtoll(text, NULL, 10) * LG_TIME_PER_SECOND;
}

lg_time lg_now(void)
{
    struct timespec ts;
    pthread_once(&offset_once, read_offset);
    clock_gettime(CLOCK_REALTIME, &ts);
    return (lg_time)ts.tv_sec * LG_TIME_PER_SECOND + ts.tv_nsec / 1000 + clock_offset;
}

int64_t lg_monotonic_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * LG_TIME_PER_SECOND + ts.tv_nsec / 1000;
}

lg_day lg_day_of(lg_time time)
{
    int64_t day = time / LG_TIME_PER_DAY;
    return (lg_day)(time % LG_TIME_PER_DAY < 0 ? day - 1 : day);
}

/* Writes the last `digits` decimal digits of `value` and gives the place behind them. By hand: a page of a
 * list has hundreds of dates and times. */
static char *write_digits(char *out, unsigned value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + digits;
}

static char *write_char(char *out, char c)
{
    *out = c;
    return out + 1;
}

/* YYYY-MM-DD without a NUL; NULL if the year has not four digits. */
static char *write_day(char *out, lg_day day)
{
    int y, m, d;
    civil_from_days(day, &y, &m, &d);
    if (y < 1 || y > 9999)
        return NULL;
    out = write_char(write_digits(out, (unsigned)y, 4), '-');
    out = write_char(write_digits(out, (unsigned)m, 2), '-');
    return write_digits(out, (unsigned)d, 2);
}

lg_day_text lg_day_format(lg_day day)
{
    lg_day_text out = {"invalid"};
    char *end = write_day(out.s, day);
    if (end)
        *end = '\0';
    return out;
}

lg_time_text lg_time_format(lg_time time)
{
    lg_time_text out = {"invalid"};
    const lg_day day = lg_day_of(time);
    char *end = write_day(out.s, day);
    if (!end)
        return out;
    const int64_t rest = time - (lg_time)day * LG_TIME_PER_DAY;
    const unsigned second = (unsigned)(rest / LG_TIME_PER_SECOND);
    end = write_digits(write_char(end, 'T'), second / 3600, 2);
    end = write_digits(write_char(end, ':'), second / 60 % 60, 2);
    end = write_digits(write_char(end, ':'), second % 60, 2);
    end = write_digits(write_char(end, '.'), (unsigned)(rest % LG_TIME_PER_SECOND), 6);
    *write_char(end, 'Z') = '\0';
    return out;
}

/* Reads exactly `digits` decimal digits at *text and moves on. */
static bool read_digits(const char **text, int digits, int *out)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        char c = (*text)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *text += digits;
    *out = value;
    return true;
}

static bool read_char(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

static bool civil_day(int y, int m, int d, lg_day *out)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (y < YEAR_MIN || y > YEAR_MAX || m < 1 || m > 12 || d < 1)
        return false;
    bool leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    if (d > month_days[m - 1] + (m == 2 && leap ? 1 : 0))
        return false;
    *out = (lg_day)days_from_civil(y, m, d);
    return true;
}

static bool read_day(const char **text, lg_day *out)
{
    int y, m, d;
    return read_digits(text, 4, &y) && read_char(text, '-') && read_digits(text, 2, &m) &&
           read_char(text, '-') && read_digits(text, 2, &d) && civil_day(y, m, d, out);
}

bool lg_day_parse(const char *text, lg_day *out)
{
    return read_day(&text, out) && *text == '\0';
}

bool lg_day_parse_compact(const char *text, lg_day *out)
{
    int y, m, d;
    return read_digits(&text, 4, &y) && read_digits(&text, 2, &m) && read_digits(&text, 2, &d) &&
           *text == '\0' && civil_day(y, m, d, out);
}

static bool read_fraction(const char **text, int64_t *micros)
{
    int64_t scale = LG_TIME_PER_SECOND;
    *micros = 0;
    if (!read_char(text, '.'))
        return true;
    int digit, count = 0;
    while (count < 6 && read_digits(text, 1, &digit)) {
        scale /= 10;
        *micros += digit * scale;
        count++;
    }
    return count > 0;
}

bool lg_time_parse(const char *text, lg_time *out)
{
    lg_day day;
    int h, m, s;
    int64_t micros;
    if (!read_day(&text, &day) || !read_char(&text, 'T') || !read_digits(&text, 2, &h) ||
        !read_char(&text, ':') || !read_digits(&text, 2, &m) || !read_char(&text, ':') ||
        !read_digits(&text, 2, &s) || !read_fraction(&text, &micros) || strcmp(text, "Z") != 0 || h > 23 ||
        m > 59 || s > 59)
        return false;
    *out = (lg_time)day * LG_TIME_PER_DAY + ((int64_t)h * 3600 + m * 60 + s) * LG_TIME_PER_SECOND + micros;
    return true;
}

bool lg_time_is_valid(lg_time time)
{
    const lg_day day = lg_day_of(time);
    return day >= days_from_civil(YEAR_MIN, 1, 1) && day <= days_from_civil(YEAR_MAX, 12, 31);
}
