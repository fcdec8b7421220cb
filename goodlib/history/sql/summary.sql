-- One row a customer: purchases are days with an order; the first one starts the clock.
with days as (
    select customer_id, cast(date as date) as day, sum(cents(amount)) as cents
    from orders
    group by customer_id, cast(date as date)
),
dated as (
    select days.customer_id as customer_id, day, cents, first_day
    from days
    join (select customer_id, min(day) as first_day from days group by customer_id) as firsts
        on days.customer_id = firsts.customer_id
),
counted as (
    select
        customer_id,
        day,
        cents,
        first_day,
        days_between(first_day, day) as since,
        days_between(first_day, date '{end}') as age
    from dated
    where first_day <= date '{end}' and day <= date '{holdout_end}'
)
select
    customer_id,
    first_day as first_date,
    count(*) filter (where since > 0 and since <= age) as frequency,
    max(since) filter (where since <= age) as recency_days,
    max(age) as age_days,
    coalesce(sum(cents) filter (where since > 0 and since <= age), 0) as repeat_cents,
    count(*) filter (where since > age) as frequency_holdout,
    coalesce(sum(cents) filter (where since > age), 0) as holdout_cents
from counted
group by customer_id, first_day
order by customer_id
