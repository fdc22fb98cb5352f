"""What a careful reader would say of one run's figures; each rule is silent without the figures it needs."""
