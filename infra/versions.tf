terraform {
  # 1.7 is the first with mock providers in `terraform test`, which is how everything here is checked without an account.
  required_version = ">= 1.7"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # The bucket, key and lock come from `terraform init -backend-config=...`: they belong to the account, not to the service.
  backend "s3" {}
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
