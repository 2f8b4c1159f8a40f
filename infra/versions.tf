terraform {
  # 1.10 is the first that locks a state in S3 without a table beside it.
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # Bucket, key and region come from `terraform init -backend-config=...`: they belong to the account, not to the service.
  # use_lockfile: two people who apply at once would overwrite each other's state; the second one is refused.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      service    = var.name
      managed-by = "terraform"
    }
  }
}
