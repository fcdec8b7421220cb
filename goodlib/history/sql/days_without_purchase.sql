-- A customer's days on which refunds reach what was ordered: money moved, but nobody bought.
select customer_id, cast(date as date) as day
from kept
group by customer_id, cast(date as date)
having min(amount) < 0 and sum(cents(amount)) <= 0
