-- One row a customer: purchases are days with an order; the first one starts the clock.
with days as (
    select customer_id, cast(date as date) as day, sum(cents(amount)) as cents
    from orders
    group by customer_id, cast(date as date)
),
firsts as (
    select customer_id, min(day) as first_day
    from days
    where day <= date '{end}'
    group by customer_id
)
select
    days.customer_id as customer_id,
    firsts.first_day as first_date,
    count(*) filter (where day > first_day and day <= date '{end}') as frequency,
    coalesce(max(days_between(first_day, day)) filter (where day <= date '{end}'), 0) as recency_days,
    max(days_between(first_day, date '{end}')) as age_days,
    coalesce(sum(cents) filter (where day > first_day and day <= date '{end}'), 0) as repeat_cents,
    count(*) filter (where day > date '{end}' and day <= date '{holdout_end}') as frequency_holdout,
    coalesce(sum(cents) filter (where day > date '{end}' and day <= date '{holdout_end}'), 0)
        as holdout_cents
from days
join firsts on days.customer_id = firsts.customer_id
group by days.customer_id, firsts.first_day
order by days.customer_id
