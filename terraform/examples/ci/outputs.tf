output "role_arns" {
  description = "ARNs of the roles for the workflow: `plan` and `apply`."
  value       = { for name, role in aws_iam_role.this : name => role.arn }
}

output "subjects" {
  description = "The claim with which GitHub may assume each role."
  value       = local.subjects
}
