{# Fails for each key that more than one row has. `unique` of dbt knows keys of one column only. #}
{% test unique_key(model, columns) %}
select {{ columns | join(', ') }}
from {{ model }}
group by all
having count(*) > 1
{% endtest %}
