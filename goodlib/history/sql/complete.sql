-- How many orders there are, how many lack each of the columns they need, and the first day.
select
    count(*) as n,
    count(*) - count(customer_id) as customer_id,
    count(*) - count(date) as date,
    count(*) - count(amount) + count(*) filter (where isnan(cast(amount as double))) as amount,
    min(cast(date as date)) as first_date
from orders
