pool app_churn
