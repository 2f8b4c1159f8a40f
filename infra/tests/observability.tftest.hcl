# An alarm that cannot fire looks exactly like one that need not. What alarms there are is alarms.yaml's business (AlarmsTest
# compares it with the service, the document and Prometheus); here: that CloudWatch gets what is written there.

mock_provider "aws" {
  mock_resource "aws_cloudwatch_composite_alarm" {
    defaults = { arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:mock" }
  }
}

variables {
  name                       = "outbox-test"
  region                     = "us-east-1"
  metrics_namespace          = "RegistrationOutbox"
  partitions                 = 2
  min_tasks                  = 2
  max_tasks                  = 6
  page_action_arns           = ["arn:aws:sns:us-east-1:123456789012:page"]
  ticket_action_arns         = ["arn:aws:sns:us-east-1:123456789012:ticket"]
  runbook_url                = "https://example.com/docs/runbook.md"
  cluster_name               = "outbox-test"
  service_name               = "outbox-test"
  load_balancer_arn_suffix   = "app/api/0123456789abcdef"
  target_group_arn_suffix    = "targetgroup/outbox-test/0123456789abcdef"
  database_identifier        = "outbox-test"
  database_allocated_storage = 50
  redis_node_ids             = ["outbox-test-001", "outbox-test-002"]
  thresholds                 = {}
}

run "every_alarm_is_there_for_each_thing_that_it_watches" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(flatten([
      for key, alarm in yamldecode(file("modules/observability/alarms.yaml")).alarms : (
        try(alarm.per, "") == "partition" ? ["${key}-0", "${key}-1"] :
        try(alarm.per, "") == "redis-node" ? ["${key}-outbox-test-001", "${key}-outbox-test-002"] : [key]
      )
    ]))
    error_message = "One alarm for each entry of alarms.yaml, and for each partition or node."
  }

  assert {
    condition     = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name == "outbox-test-${key}"])
    error_message = "Alarms are named by the deployment and their key: infra/deploy and the pages find them so."
  }
}

# One of each kind in full: what alarms.tf makes of a line of alarms.yaml.
run "an_alarm_is_what_its_entry_says" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.this["oldest-pending-age-1"]] : alltrue([
        alarm.namespace == "RegistrationOutbox",
        alarm.metric_name == "registry.outbox.oldest.pending.age.value",
        alarm.dimensions == tomap({ partition = "1" }),
        alarm.statistic == "Maximum",
        alarm.comparison_operator == "GreaterThanThreshold",
        alarm.threshold == 300,
        alarm.period == 60,
        alarm.datapoints_to_alarm == 3,
        alarm.evaluation_periods == 3,
        alarm.treat_missing_data == "notBreaching",
        alarm.alarm_description == "The oldest message of partition 1 has waited longer than 300 s: it is safe in the database, but consumers do not get it. https://example.com/docs/runbook.md#oldest-pending-age",
      ])
    ])
    error_message = "An alarm on the service's own metric, per partition."
  }

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.this["queue-nearly-full"]] : alltrue([
        alarm.metric_name == null,
        toset([for q in alarm.metric_query : q.expression if q.return_data == true]) == toset(["100 * depth / capacity"]),
        { for q in alarm.metric_query : q.id => one(q.metric).metric_name if length(q.metric) > 0 } == {
          capacity = "registry.queue.capacity.value", depth = "registry.queue.depth.value"
        },
        alarm.threshold == 80,
      ])
    ])
    error_message = "An alarm on an expression asks for each of its metrics."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["running-tasks"].threshold == 2 && aws_cloudwatch_metric_alarm.this["running-tasks"].statistic == "SampleCount"
    error_message = "Fewer tasks than min_tasks."
  }

  assert {
    # RDS adds storage when a tenth is free: an alarm there would ring each time that it does what it should.
    condition     = aws_cloudwatch_metric_alarm.this["database-storage"].threshold == 50 * 1024 * 1024 * 1024 / 20
    error_message = "Storage rings below the point at which RDS adds some."
  }
}

run "every_dimension_is_the_one_that_cloudwatch_has" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = alltrue([
      for alarm in values(aws_cloudwatch_metric_alarm.this) : contains({
        "AWS/RDS"            = ["DBInstanceIdentifier"]
        "AWS/ElastiCache"    = ["CacheClusterId"]
        "AWS/ECS"            = ["ClusterName,ServiceName"]
        "AWS/ApplicationELB" = ["LoadBalancer", "LoadBalancer,TargetGroup"]
        "RegistrationOutbox" = ["", "partition"]
      }[alarm.namespace], join(",", sort(keys(alarm.dimensions)))) if alarm.metric_name != null
    ])
    error_message = "A metric with another set of dimensions is another metric."
  }

  assert {
    condition     = length(setsubtract(output.service_metrics, compact(split("\n", file("../docs/metrics.txt"))))) == 0
    error_message = "Not in docs/metrics.txt, with these dimensions: ${join(", ", setsubtract(output.service_metrics, compact(split("\n", file("../docs/metrics.txt")))))}."
  }

  assert {
    condition     = length(output.service_metrics) >= 25 && contains(output.service_metrics, "hikaricp.connections.active.value")
    error_message = "The list of metrics in use must have the alarms' and the dashboard's, or the assertion above proves nothing."
  }
}

run "every_alarm_reaches_someone_once" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = alltrue([
      for key, alarm in yamldecode(file("modules/observability/alarms.yaml")).alarms : alltrue([
        for made_key, made in aws_cloudwatch_metric_alarm.this : alltrue([
          coalescelist(tolist(made.alarm_actions), ["nobody"]) == coalescelist(tolist(made.ok_actions), ["nobody"]),
          tolist(made.alarm_actions) == tolist(can(alarm.pages_as) ? [] : alarm.severity == "page" ? var.page_action_arns : var.ticket_action_arns),
        ]) if made_key == key || startswith(made_key, "${key}-") && can(alarm.per)
      ])
    ])
    error_message = "Tickets to one topic, pages to the other, and what is part of a page to none: its page says it."
  }

  assert {
    condition = alltrue([
      for page in ["registrations-fail", "delivery-late"] : alltrue([
        aws_cloudwatch_composite_alarm.page[page].alarm_actions == toset(var.page_action_arns),
        aws_cloudwatch_composite_alarm.page[page].ok_actions == toset(var.page_action_arns),
      ])
    ])
    error_message = "Pages wake somebody, and say when it is over."
  }

  assert {
    condition = alltrue([
      for key, alarm in local.alarms : alarm.pages_as == null || strcontains(aws_cloudwatch_composite_alarm.page[coalesce(alarm.pages_as, "registrations-fail")].alarm_rule, "ALARM(\"outbox-test-${key}\")")
    ])
    error_message = "What notifies nobody by itself must be part of a page."
  }
}

run "one_outage_of_redis_pages_once" {
  module {
    source = "./modules/observability"
  }

  assert {
    # Everything that rings when Redis is away: what cannot reach it, what waits for it, and what AWS says of its nodes.
    condition = length([
      for key, alarm in aws_cloudwatch_metric_alarm.this : key
      if length(alarm.alarm_actions) > 0 && contains(tolist(alarm.alarm_actions), var.page_action_arns[0]) && anytrue([
        for part in ["redis-unreachable", "breaker-open", "oldest-pending-age", "backlog", "stalled", "stuck-partition", "queue", "redis-memory", "redis-replication-lag"] : startswith(key, part)
      ])
    ]) == 0
    error_message = "No alarm of an outage of Redis may page beside delivery-late."
  }

  assert {
    condition = aws_cloudwatch_composite_alarm.page["delivery-late"].alarm_rule == join(" OR ", sort([
      for key in flatten([
        ["breaker-open", "outbox-unread", "redis-unreachable"],
        [for p in ["0", "1"] : ["backlog-${p}", "stopped-partition-${p}", "oldest-pending-age-${p}", "stalled-${p}", "stuck-partition-${p}"]],
      ]) : "ALARM(\"outbox-test-${key}\")"
    ]))
    error_message = "delivery-late is any of these."
  }

  assert {
    condition     = one(aws_cloudwatch_composite_alarm.page["delivery-late"].actions_suppressor).alarm == aws_cloudwatch_composite_alarm.suppressor["delivery-late"].alarm_name
    error_message = "An outage of the database pages once too: delivery-late is silent meanwhile."
  }

  assert {
    # Not by http-5xx, unhealthy-targets or target-connection-errors: with the auth service away, Redis may die, and nobody would know.
    condition = toset(split(" OR ", aws_cloudwatch_composite_alarm.suppressor["delivery-late"].alarm_rule)) == toset([
      for key in ["database-away", "no-metrics"] : "ALARM(\"outbox-test-${key}\")"
    ])
    error_message = "Only what stops delivery too may silence delivery-late."
  }

  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.this : alarm.statistic != "Minimum"
      if strcontains(aws_cloudwatch_composite_alarm.suppressor["delivery-late"].alarm_rule, "\"${alarm.alarm_name}\"")
    ])
    error_message = "What one task of several sees may not silence delivery-late: the others deliver."
  }

  assert {
    condition     = alltrue([for suppressor in aws_cloudwatch_composite_alarm.suppressor : length(coalesce(suppressor.alarm_actions, [])) == 0])
    error_message = "A suppressor notifies nobody."
  }
}

run "another_services_errors_page_nobody" {
  module {
    source = "./modules/observability"
  }

  assert {
    # The load balancer may be shared: what is counted for all of it is no part of a page, which also stops deployments.
    condition = alltrue([
      for key, alarm in local.alarms : alarm.severity == "ticket" && alarm.pages_as == null
      if alarm.namespace == "AWS/ApplicationELB" && !can(alarm.dimensions["TargetGroup"])
    ])
    error_message = "Only what is counted for this service's target group may page."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["target-connection-errors"].dimensions["TargetGroup"] == var.target_group_arn_suffix && local.alarms["target-connection-errors"].pages_as == "registrations-fail"
    error_message = "Tasks that the load balancer cannot connect to must page."
  }
}

run "silence_has_one_alarm_of_its_own" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = toset([for key, alarm in aws_cloudwatch_metric_alarm.this : key if alarm.treat_missing_data == "breaching"]) == toset([
      "no-metrics", "silent-task", "running-tasks", "database-storage", "redis-memory-outbox-test-001", "redis-memory-outbox-test-002",
    ])
    error_message = "Silence must raise alarms of all tasks and of one, and one for each thing that AWS always measures."
  }

  assert {
    condition = { for q in aws_cloudwatch_metric_alarm.this["silent-task"].metric_query : q.id => join(" ", flatten([
      one(q.metric).namespace, one(q.metric).metric_name, keys(coalesce(one(q.metric).dimensions, {})), one(q.metric).stat, one(q.metric).period,
      ])) if length(q.metric) > 0 } == {
      publishing = "RegistrationOutbox registry.database.reachable.value SampleCount 60"
      running    = "AWS/ECS CPUUtilization ClusterName ServiceName SampleCount 60"
    }
    error_message = "Each task gives one sample a minute to both: one that publishes nothing must be noticed, however many there are."
  }
}

run "every_alarmed_metric_can_be_seen_on_the_dashboard" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = length(setsubtract(
      flatten([for alarm in local.alarms : [
        for metric in concat([{ name = alarm.metric, namespace = alarm.namespace, dimensions = alarm.dimensions }], values(alarm.metrics)) :
        join(" ", flatten([metric.namespace, metric.name, [for k, v in metric.dimensions : [k, v]]])) if metric.name != null
      ]]),
      flatten([for w in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [for line in w.properties.metrics : join(" ", line)]])
    )) == 0
    error_message = "Who is woken by an alarm looks at the dashboard next: its metric must be there, with its dimensions."
  }
}

run "a_threshold_can_be_another_one" {
  module {
    source = "./modules/observability"
  }

  variables {
    thresholds = { "oldest-pending-age" = 600 }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["oldest-pending-age-0"].threshold == 600 && strcontains(aws_cloudwatch_metric_alarm.this["oldest-pending-age-0"].alarm_description, "600 s")
    error_message = "A threshold that was given replaces the file's, in the description too."
  }
}

run "a_threshold_of_no_alarm_is_refused" {
  command = plan

  module {
    source = "./modules/observability"
  }

  variables {
    thresholds = { "oldest-pending" = 600 }
  }

  expect_failures = [aws_cloudwatch_metric_alarm.this]
}

run "a_relay_that_takes_over_is_not_stuck" {
  command = plan

  module {
    source = "./modules/observability"
  }

  variables {
    thresholds = { "stuck-partition" = 30 }
  }

  expect_failures = [var.thresholds]
}

run "an_alarm_without_actions_is_refused" {
  command = plan

  module {
    source = "./modules/observability"
  }

  variables {
    page_action_arns   = []
    ticket_action_arns = []
  }

  expect_failures = [var.page_action_arns, var.ticket_action_arns]
}
