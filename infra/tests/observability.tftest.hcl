# An alarm that cannot fire looks exactly like one that need not.

mock_provider "aws" {}

variables {
  name                       = "outbox-test"
  region                     = "us-east-1"
  metrics_namespace          = "RegistrationOutbox"
  partitions                 = 2
  desired_count              = 2
  action_arns                = ["arn:aws:sns:us-east-1:123456789012:operators"]
  runbook_url                = "https://example.com/docs/runbook.md"
  cluster_name               = "outbox-test"
  service_name               = "outbox-test"
  load_balancer_arn_suffix   = "app/api/0123456789abcdef"
  target_group_arn_suffix    = "targetgroup/outbox-test/0123456789abcdef"
  database_identifier        = "outbox-test"
  database_allocated_storage = 50
  redis_node_ids             = ["outbox-test-001", "outbox-test-002"]
}

run "every_alarm_is_there" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = toset(keys(output.alarms)) == toset([for key in concat(
      flatten([for p in ["0", "1"] : [
        "oldest-pending-age-${p}", "backlog-${p}", "parked-messages-${p}", "diverged-partition-${p}", "stuck-partition-${p}",
      ]]),
      ["redis-unreachable", "breaker-open", "queue-nearly-full", "rewind", "database-unreachable", "auth-service", "no-metrics"],
      ["http-5xx", "running-tasks", "database-storage"],
      flatten([for n in ["001", "002"] : ["redis-memory-outbox-test-${n}", "redis-evictions-outbox-test-${n}"]]),
    ) : "outbox-test-${key}"])
    error_message = "These alarms, no more, no fewer: a new one needs a line in the runbook and here."
  }
}

run "every_alarm_reaches_someone_and_says_what_to_do" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition     = alltrue([for a in values(output.alarms) : a.actions == toset(var.action_arns) && a.ok_actions == toset(var.action_arns)])
    error_message = "Every alarm must have its actions, at its beginning and at its end."
  }

  assert {
    condition = alltrue([
      for a in values(output.alarms) : can(regex(join("", [
        "^[A-Z].+[.] https://example[.]com/docs/runbook[.]md#(oldest-pending-age|backlog-grows|redis-unreachable|queue-full|",
        "parked-messages|diverged-partition|stuck-partition|rewind|database-unreachable|auth-service|no-metrics)$",
      ]), a.description))
    ])
    error_message = "Every alarm's description must be a sentence and a link to one of the runbook's anchors."
  }
}

run "every_alarm_has_decided_what_silence_means" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition     = alltrue([for a in values(output.alarms) : contains(["breaching", "notBreaching"], a.missing)])
    error_message = "treat_missing_data must be decided; \"missing\" leaves an alarm in whatever state it was."
  }

  assert {
    condition = toset([for name, a in output.alarms : name if a.missing == "breaching"]) == toset([
      "outbox-test-no-metrics", "outbox-test-running-tasks", "outbox-test-database-storage",
      "outbox-test-redis-memory-outbox-test-001", "outbox-test-redis-memory-outbox-test-002",
    ])
    error_message = "Silence must raise one alarm of the service's, and one for each thing that AWS always measures."
  }
}

run "alarms_and_dashboard_name_metrics_that_exist" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition     = length(output.service_metric_names) >= 20
    error_message = "The list of metrics in use must not be empty, or the next assertion proves nothing."
  }

  assert {
    condition     = length(setsubtract(output.service_metric_names, compact(split("\n", file("../docs/metrics.txt"))))) == 0
    error_message = "Not in docs/metrics.txt: ${join(", ", setsubtract(output.service_metric_names, compact(split("\n", file("../docs/metrics.txt")))))}."
  }
}

run "every_alarmed_metric_can_be_seen_on_the_dashboard" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = length(setsubtract(
      [for a in values(aws_cloudwatch_metric_alarm.this) : a.metric_name if a.namespace == var.metrics_namespace],
      flatten([for w in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [for line in w.properties.metrics : line[1]]])
    )) == 0
    error_message = "Who is woken by an alarm looks at the dashboard next: its metric must be there."
  }
}

run "an_alarm_without_actions_is_refused" {
  command = plan

  module {
    source = "./modules/observability"
  }

  variables {
    action_arns = []
  }

  expect_failures = [var.action_arns]
}
