-- Lines of the kept orders that are alike in every mapped column to one before them.
select line
from (
    select line, row_number() over (partition by {keys} order by line) as turn
    from kept
) as turns
where turn > 1
