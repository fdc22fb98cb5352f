from typing import Literal

GetSweepParetoX = Literal[
    "accuracy",
    "auc",
    "auc_first_5",
    "beta_pearson",
    "beta_spearman",
    "brier",
    "ece",
    "l_21",
    "l_21_kl",
    "l_22",
    "l_23_mean",
    "l_23_pointwise",
    "l_bce",
    "l_scale",
    "mastery_auc",
    "mastery_ece",
    "mastery_pearson",
    "mastery_spearman",
    "p_mastery_pearson",
    "theta_pearson",
    "theta_spearman",
    "theta_static_pearson",
    "theta_static_spearman",
]

GET_SWEEP_PARETO_X_VALUES: set[GetSweepParetoX] = {
    "accuracy",
    "auc",
    "auc_first_5",
    "beta_pearson",
    "beta_spearman",
    "brier",
    "ece",
    "l_21",
    "l_21_kl",
    "l_22",
    "l_23_mean",
    "l_23_pointwise",
    "l_bce",
    "l_scale",
    "mastery_auc",
    "mastery_ece",
    "mastery_pearson",
    "mastery_spearman",
    "p_mastery_pearson",
    "theta_pearson",
    "theta_spearman",
    "theta_static_pearson",
    "theta_static_spearman",
}


def check_get_sweep_pareto_x(value: str) -> GetSweepParetoX:
    if value in GET_SWEEP_PARETO_X_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GET_SWEEP_PARETO_X_VALUES!r}")
