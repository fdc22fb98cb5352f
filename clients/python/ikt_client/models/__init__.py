"""The shapes that operations take and give."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .ability_read import AbilityRead
    from .account import Account
    from .activity import Activity
    from .actor import Actor
    from .add_dataset_files_body import AddDatasetFilesBody
    from .add_dataset_files_body_format import AddDatasetFilesBodyFormat
    from .add_dataset_format import AddDatasetFormat
    from .alive import Alive
    from .artifact import Artifact
    from .artifact_list import ArtifactList
    from .auc import Auc
    from .auc_part import AucPart
    from .audit_entry_read import AuditEntryRead
    from .audit_page import AuditPage
    from .audit_read import AuditRead
    from .audit_read_status import AuditReadStatus
    from .bad_row_problem import BadRowProblem
    from .best_epoch import BestEpoch
    from .calibration import Calibration
    from .categorical import Categorical
    from .cohort_mastery_read import CohortMasteryRead
    from .cohort_page import CohortPage
    from .cohort_read import CohortRead
    from .cohort_skill import CohortSkill
    from .cold_start import ColdStart
    from .common_setting import CommonSetting
    from .compare_experiments_format import CompareExperimentsFormat
    from .compared_criterion import ComparedCriterion
    from .compared_experiment import ComparedExperiment
    from .compared_experiment_kind import ComparedExperimentKind
    from .compared_metric import ComparedMetric
    from .compared_metric_form import ComparedMetricForm
    from .compared_metric_goal import ComparedMetricGoal
    from .compared_scale import ComparedScale
    from .compared_setting import ComparedSetting
    from .compared_value import ComparedValue
    from .compared_value_verdict_type_0 import ComparedValueVerdictType0
    from .comparison_curve import ComparisonCurve
    from .comparison_curve_goal import ComparisonCurveGoal
    from .comparison_finding import ComparisonFinding
    from .comparison_finding_severity import ComparisonFindingSeverity
    from .comparison_read import ComparisonRead
    from .comparison_section import ComparisonSection
    from .config import Config
    from .context import Context
    from .context_activities import ContextActivities
    from .counts import Counts
    from .cross_validation_create import CrossValidationCreate
    from .cross_validation_create_device import CrossValidationCreateDevice
    from .cross_validation_page import CrossValidationPage
    from .cross_validation_read import CrossValidationRead
    from .cross_validation_read_status import CrossValidationReadStatus
    from .cross_validation_summary import CrossValidationSummary
    from .cross_validation_summary_status import CrossValidationSummaryStatus
    from .dataset_page import DatasetPage
    from .dataset_read import DatasetRead
    from .distributions import Distributions
    from .environment import Environment
    from .epoch_list import EpochList
    from .epoch_read import EpochRead
    from .erasure_create import ErasureCreate
    from .erasure_page import ErasurePage
    from .erasure_read import ErasureRead
    from .erasure_read_origin import ErasureReadOrigin
    from .erasure_read_status import ErasureReadStatus
    from .evaluate_experiment_files_body import EvaluateExperimentFilesBody
    from .evaluate_experiment_files_body_format import EvaluateExperimentFilesBodyFormat
    from .evaluate_experiment_files_body_protocol import (
        EvaluateExperimentFilesBodyProtocol,
    )
    from .evaluate_experiment_format import EvaluateExperimentFormat
    from .evaluate_experiment_protocol import EvaluateExperimentProtocol
    from .evaluation_read import EvaluationRead
    from .evaluation_read_protocol import EvaluationReadProtocol
    from .experiment_create import ExperimentCreate
    from .experiment_create_device import ExperimentCreateDevice
    from .experiment_page import ExperimentPage
    from .experiment_read import ExperimentRead
    from .experiment_read_status import ExperimentReadStatus
    from .experiment_summary import ExperimentSummary
    from .experiment_summary_status import ExperimentSummaryStatus
    from .exported_answer import ExportedAnswer
    from .exported_interaction import ExportedInteraction
    from .exported_prediction import ExportedPrediction
    from .exported_predictions import ExportedPredictions
    from .exported_sequence import ExportedSequence
    from .exported_skill import ExportedSkill
    from .exported_state import ExportedState
    from .field_problem import FieldProblem
    from .finding_evidence import FindingEvidence
    from .finding_read import FindingRead
    from .finding_read_status import FindingReadStatus
    from .float_range import FloatRange
    from .get_pareto_format import GetParetoFormat
    from .get_pareto_x import GetParetoX
    from .get_pareto_y import GetParetoY
    from .get_predictions_columns import GetPredictionsColumns
    from .get_sweep_pareto_format import GetSweepParetoFormat
    from .get_sweep_pareto_x import GetSweepParetoX
    from .get_sweep_pareto_y import GetSweepParetoY
    from .grid_search import GridSearch
    from .grid_space import GridSpace
    from .group_mastery import GroupMastery
    from .histogram import Histogram
    from .history_auc import HistoryAuc
    from .hypothetical import Hypothetical
    from .hypothetical_correct_type_1 import HypotheticalCorrectType1
    from .int_range import IntRange
    from .interaction_create import InteractionCreate
    from .interaction_create_correct_type_1 import InteractionCreateCorrectType1
    from .interaction_line import InteractionLine
    from .interaction_line_correct_type_1 import InteractionLineCorrectType1
    from .interactions_accepted import InteractionsAccepted
    from .interactions_loaded import InteractionsLoaded
    from .interactions_loaded_scoring import InteractionsLoadedScoring
    from .item_status import ItemStatus
    from .item_status_status import ItemStatusStatus
    from .judged_value import JudgedValue
    from .left_out import LeftOut
    from .level import Level
    from .links import Links
    from .list_experiments_status import ListExperimentsStatus
    from .list_models_status import ListModelsStatus
    from .list_sweeps_status import ListSweepsStatus
    from .load_interactions_scoring import LoadInteractionsScoring
    from .mastery_history_read import MasteryHistoryRead
    from .mastery_read import MasteryRead
    from .members import Members
    from .metrics import Metrics
    from .model_page import ModelPage
    from .model_read import ModelRead
    from .model_read_status import ModelReadStatus
    from .model_reference import ModelReference
    from .object_ import Object
    from .objective import Objective
    from .objective_direction_type_0 import ObjectiveDirectionType0
    from .optuna_search import OptunaSearch
    from .optuna_search_sampler import OptunaSearchSampler
    from .optuna_space import OptunaSpace
    from .package_versions import PackageVersions
    from .pareto_axis import ParetoAxis
    from .pareto_axis_direction import ParetoAxisDirection
    from .pareto_point import ParetoPoint
    from .pareto_read import ParetoRead
    from .part import Part
    from .part_name import PartName
    from .predictions_create import PredictionsCreate
    from .predictions_read import PredictionsRead
    from .preset_list import PresetList
    from .preset_read import PresetRead
    from .problem import Problem
    from .problem_kind import ProblemKind
    from .pruner import Pruner
    from .pruner_name import PrunerName
    from .ready import Ready
    from .recommend_skills_by import RecommendSkillsBy
    from .recommendation import Recommendation
    from .recommendations_read import RecommendationsRead
    from .recommendations_read_by import RecommendationsReadBy
    from .record_interactions_mastery import RecordInteractionsMastery
    from .reliability import Reliability
    from .reliability_bin import ReliabilityBin
    from .report_read import ReportRead
    from .report_read_protocol import ReportReadProtocol
    from .result import Result
    from .result_success_type_1 import ResultSuccessType1
    from .retention_create import RetentionCreate
    from .retention_read import RetentionRead
    from .run_error import RunError
    from .scale_comparison import ScaleComparison
    from .settings import Settings
    from .skill_auc import SkillAuc
    from .skill_history import SkillHistory
    from .skill_list import SkillList
    from .skill_mastery import SkillMastery
    from .skill_prediction import SkillPrediction
    from .skill_read import SkillRead
    from .spread import Spread
    from .spreads import Spreads
    from .statement import Statement
    from .statements_accepted import StatementsAccepted
    from .statistics import Statistics
    from .step import Step
    from .student_export import StudentExport
    from .student_page import StudentPage
    from .student_read import StudentRead
    from .sweep_create import SweepCreate
    from .sweep_create_device import SweepCreateDevice
    from .sweep_page import SweepPage
    from .sweep_read import SweepRead
    from .sweep_read_status import SweepReadStatus
    from .sweep_summary import SweepSummary
    from .sweep_summary_status import SweepSummaryStatus
    from .trajectory_read import TrajectoryRead
    from .trial_read import TrialRead
    from .trial_read_status import TrialReadStatus
    from .verb import Verb

_MODULES = {
    "AbilityRead": ".ability_read",
    "Account": ".account",
    "Activity": ".activity",
    "Actor": ".actor",
    "AddDatasetFilesBody": ".add_dataset_files_body",
    "AddDatasetFilesBodyFormat": ".add_dataset_files_body_format",
    "AddDatasetFormat": ".add_dataset_format",
    "Alive": ".alive",
    "Artifact": ".artifact",
    "ArtifactList": ".artifact_list",
    "Auc": ".auc",
    "AucPart": ".auc_part",
    "AuditEntryRead": ".audit_entry_read",
    "AuditPage": ".audit_page",
    "AuditRead": ".audit_read",
    "AuditReadStatus": ".audit_read_status",
    "BadRowProblem": ".bad_row_problem",
    "BestEpoch": ".best_epoch",
    "Calibration": ".calibration",
    "Categorical": ".categorical",
    "CohortMasteryRead": ".cohort_mastery_read",
    "CohortPage": ".cohort_page",
    "CohortRead": ".cohort_read",
    "CohortSkill": ".cohort_skill",
    "ColdStart": ".cold_start",
    "CommonSetting": ".common_setting",
    "CompareExperimentsFormat": ".compare_experiments_format",
    "ComparedCriterion": ".compared_criterion",
    "ComparedExperiment": ".compared_experiment",
    "ComparedExperimentKind": ".compared_experiment_kind",
    "ComparedMetric": ".compared_metric",
    "ComparedMetricForm": ".compared_metric_form",
    "ComparedMetricGoal": ".compared_metric_goal",
    "ComparedScale": ".compared_scale",
    "ComparedSetting": ".compared_setting",
    "ComparedValue": ".compared_value",
    "ComparedValueVerdictType0": ".compared_value_verdict_type_0",
    "ComparisonCurve": ".comparison_curve",
    "ComparisonCurveGoal": ".comparison_curve_goal",
    "ComparisonFinding": ".comparison_finding",
    "ComparisonFindingSeverity": ".comparison_finding_severity",
    "ComparisonRead": ".comparison_read",
    "ComparisonSection": ".comparison_section",
    "Config": ".config",
    "Context": ".context",
    "ContextActivities": ".context_activities",
    "Counts": ".counts",
    "CrossValidationCreate": ".cross_validation_create",
    "CrossValidationCreateDevice": ".cross_validation_create_device",
    "CrossValidationPage": ".cross_validation_page",
    "CrossValidationRead": ".cross_validation_read",
    "CrossValidationReadStatus": ".cross_validation_read_status",
    "CrossValidationSummary": ".cross_validation_summary",
    "CrossValidationSummaryStatus": ".cross_validation_summary_status",
    "DatasetPage": ".dataset_page",
    "DatasetRead": ".dataset_read",
    "Distributions": ".distributions",
    "Environment": ".environment",
    "EpochList": ".epoch_list",
    "EpochRead": ".epoch_read",
    "ErasureCreate": ".erasure_create",
    "ErasurePage": ".erasure_page",
    "ErasureRead": ".erasure_read",
    "ErasureReadOrigin": ".erasure_read_origin",
    "ErasureReadStatus": ".erasure_read_status",
    "EvaluateExperimentFilesBody": ".evaluate_experiment_files_body",
    "EvaluateExperimentFilesBodyFormat": ".evaluate_experiment_files_body_format",
    "EvaluateExperimentFilesBodyProtocol": ".evaluate_experiment_files_body_protocol",
    "EvaluateExperimentFormat": ".evaluate_experiment_format",
    "EvaluateExperimentProtocol": ".evaluate_experiment_protocol",
    "EvaluationRead": ".evaluation_read",
    "EvaluationReadProtocol": ".evaluation_read_protocol",
    "ExperimentCreate": ".experiment_create",
    "ExperimentCreateDevice": ".experiment_create_device",
    "ExperimentPage": ".experiment_page",
    "ExperimentRead": ".experiment_read",
    "ExperimentReadStatus": ".experiment_read_status",
    "ExperimentSummary": ".experiment_summary",
    "ExperimentSummaryStatus": ".experiment_summary_status",
    "ExportedAnswer": ".exported_answer",
    "ExportedInteraction": ".exported_interaction",
    "ExportedPrediction": ".exported_prediction",
    "ExportedPredictions": ".exported_predictions",
    "ExportedSequence": ".exported_sequence",
    "ExportedSkill": ".exported_skill",
    "ExportedState": ".exported_state",
    "FieldProblem": ".field_problem",
    "FindingEvidence": ".finding_evidence",
    "FindingRead": ".finding_read",
    "FindingReadStatus": ".finding_read_status",
    "FloatRange": ".float_range",
    "GetParetoFormat": ".get_pareto_format",
    "GetParetoX": ".get_pareto_x",
    "GetParetoY": ".get_pareto_y",
    "GetPredictionsColumns": ".get_predictions_columns",
    "GetSweepParetoFormat": ".get_sweep_pareto_format",
    "GetSweepParetoX": ".get_sweep_pareto_x",
    "GetSweepParetoY": ".get_sweep_pareto_y",
    "GridSearch": ".grid_search",
    "GridSpace": ".grid_space",
    "GroupMastery": ".group_mastery",
    "Histogram": ".histogram",
    "HistoryAuc": ".history_auc",
    "Hypothetical": ".hypothetical",
    "HypotheticalCorrectType1": ".hypothetical_correct_type_1",
    "IntRange": ".int_range",
    "InteractionCreate": ".interaction_create",
    "InteractionCreateCorrectType1": ".interaction_create_correct_type_1",
    "InteractionLine": ".interaction_line",
    "InteractionLineCorrectType1": ".interaction_line_correct_type_1",
    "InteractionsAccepted": ".interactions_accepted",
    "InteractionsLoaded": ".interactions_loaded",
    "InteractionsLoadedScoring": ".interactions_loaded_scoring",
    "ItemStatus": ".item_status",
    "ItemStatusStatus": ".item_status_status",
    "JudgedValue": ".judged_value",
    "LeftOut": ".left_out",
    "Level": ".level",
    "Links": ".links",
    "ListExperimentsStatus": ".list_experiments_status",
    "ListModelsStatus": ".list_models_status",
    "ListSweepsStatus": ".list_sweeps_status",
    "LoadInteractionsScoring": ".load_interactions_scoring",
    "MasteryHistoryRead": ".mastery_history_read",
    "MasteryRead": ".mastery_read",
    "Members": ".members",
    "Metrics": ".metrics",
    "ModelPage": ".model_page",
    "ModelRead": ".model_read",
    "ModelReadStatus": ".model_read_status",
    "ModelReference": ".model_reference",
    "Object": ".object_",
    "Objective": ".objective",
    "ObjectiveDirectionType0": ".objective_direction_type_0",
    "OptunaSearch": ".optuna_search",
    "OptunaSearchSampler": ".optuna_search_sampler",
    "OptunaSpace": ".optuna_space",
    "PackageVersions": ".package_versions",
    "ParetoAxis": ".pareto_axis",
    "ParetoAxisDirection": ".pareto_axis_direction",
    "ParetoPoint": ".pareto_point",
    "ParetoRead": ".pareto_read",
    "Part": ".part",
    "PartName": ".part_name",
    "PredictionsCreate": ".predictions_create",
    "PredictionsRead": ".predictions_read",
    "PresetList": ".preset_list",
    "PresetRead": ".preset_read",
    "Problem": ".problem",
    "ProblemKind": ".problem_kind",
    "Pruner": ".pruner",
    "PrunerName": ".pruner_name",
    "Ready": ".ready",
    "RecommendSkillsBy": ".recommend_skills_by",
    "Recommendation": ".recommendation",
    "RecommendationsRead": ".recommendations_read",
    "RecommendationsReadBy": ".recommendations_read_by",
    "RecordInteractionsMastery": ".record_interactions_mastery",
    "Reliability": ".reliability",
    "ReliabilityBin": ".reliability_bin",
    "ReportRead": ".report_read",
    "ReportReadProtocol": ".report_read_protocol",
    "Result": ".result",
    "ResultSuccessType1": ".result_success_type_1",
    "RetentionCreate": ".retention_create",
    "RetentionRead": ".retention_read",
    "RunError": ".run_error",
    "ScaleComparison": ".scale_comparison",
    "Settings": ".settings",
    "SkillAuc": ".skill_auc",
    "SkillHistory": ".skill_history",
    "SkillList": ".skill_list",
    "SkillMastery": ".skill_mastery",
    "SkillPrediction": ".skill_prediction",
    "SkillRead": ".skill_read",
    "Spread": ".spread",
    "Spreads": ".spreads",
    "Statement": ".statement",
    "StatementsAccepted": ".statements_accepted",
    "Statistics": ".statistics",
    "Step": ".step",
    "StudentExport": ".student_export",
    "StudentPage": ".student_page",
    "StudentRead": ".student_read",
    "SweepCreate": ".sweep_create",
    "SweepCreateDevice": ".sweep_create_device",
    "SweepPage": ".sweep_page",
    "SweepRead": ".sweep_read",
    "SweepReadStatus": ".sweep_read_status",
    "SweepSummary": ".sweep_summary",
    "SweepSummaryStatus": ".sweep_summary_status",
    "TrajectoryRead": ".trajectory_read",
    "TrialRead": ".trial_read",
    "TrialReadStatus": ".trial_read_status",
    "Verb": ".verb",
}

__all__ = (
    "AbilityRead",
    "Account",
    "Activity",
    "Actor",
    "AddDatasetFilesBody",
    "AddDatasetFilesBodyFormat",
    "AddDatasetFormat",
    "Alive",
    "Artifact",
    "ArtifactList",
    "Auc",
    "AucPart",
    "AuditEntryRead",
    "AuditPage",
    "AuditRead",
    "AuditReadStatus",
    "BadRowProblem",
    "BestEpoch",
    "Calibration",
    "Categorical",
    "CohortMasteryRead",
    "CohortPage",
    "CohortRead",
    "CohortSkill",
    "ColdStart",
    "CommonSetting",
    "ComparedCriterion",
    "ComparedExperiment",
    "ComparedExperimentKind",
    "ComparedMetric",
    "ComparedMetricForm",
    "ComparedMetricGoal",
    "ComparedScale",
    "ComparedSetting",
    "ComparedValue",
    "ComparedValueVerdictType0",
    "CompareExperimentsFormat",
    "ComparisonCurve",
    "ComparisonCurveGoal",
    "ComparisonFinding",
    "ComparisonFindingSeverity",
    "ComparisonRead",
    "ComparisonSection",
    "Config",
    "Context",
    "ContextActivities",
    "Counts",
    "CrossValidationCreate",
    "CrossValidationCreateDevice",
    "CrossValidationPage",
    "CrossValidationRead",
    "CrossValidationReadStatus",
    "CrossValidationSummary",
    "CrossValidationSummaryStatus",
    "DatasetPage",
    "DatasetRead",
    "Distributions",
    "Environment",
    "EpochList",
    "EpochRead",
    "ErasureCreate",
    "ErasurePage",
    "ErasureRead",
    "ErasureReadOrigin",
    "ErasureReadStatus",
    "EvaluateExperimentFilesBody",
    "EvaluateExperimentFilesBodyFormat",
    "EvaluateExperimentFilesBodyProtocol",
    "EvaluateExperimentFormat",
    "EvaluateExperimentProtocol",
    "EvaluationRead",
    "EvaluationReadProtocol",
    "ExperimentCreate",
    "ExperimentCreateDevice",
    "ExperimentPage",
    "ExperimentRead",
    "ExperimentReadStatus",
    "ExperimentSummary",
    "ExperimentSummaryStatus",
    "ExportedAnswer",
    "ExportedInteraction",
    "ExportedPrediction",
    "ExportedPredictions",
    "ExportedSequence",
    "ExportedSkill",
    "ExportedState",
    "FieldProblem",
    "FindingEvidence",
    "FindingRead",
    "FindingReadStatus",
    "FloatRange",
    "GetParetoFormat",
    "GetParetoX",
    "GetParetoY",
    "GetPredictionsColumns",
    "GetSweepParetoFormat",
    "GetSweepParetoX",
    "GetSweepParetoY",
    "GridSearch",
    "GridSpace",
    "GroupMastery",
    "Histogram",
    "HistoryAuc",
    "Hypothetical",
    "HypotheticalCorrectType1",
    "InteractionCreate",
    "InteractionCreateCorrectType1",
    "InteractionLine",
    "InteractionLineCorrectType1",
    "InteractionsAccepted",
    "InteractionsLoaded",
    "InteractionsLoadedScoring",
    "IntRange",
    "ItemStatus",
    "ItemStatusStatus",
    "JudgedValue",
    "LeftOut",
    "Level",
    "Links",
    "ListExperimentsStatus",
    "ListModelsStatus",
    "ListSweepsStatus",
    "LoadInteractionsScoring",
    "MasteryHistoryRead",
    "MasteryRead",
    "Members",
    "Metrics",
    "ModelPage",
    "ModelRead",
    "ModelReadStatus",
    "ModelReference",
    "Object",
    "Objective",
    "ObjectiveDirectionType0",
    "OptunaSearch",
    "OptunaSearchSampler",
    "OptunaSpace",
    "PackageVersions",
    "ParetoAxis",
    "ParetoAxisDirection",
    "ParetoPoint",
    "ParetoRead",
    "Part",
    "PartName",
    "PredictionsCreate",
    "PredictionsRead",
    "PresetList",
    "PresetRead",
    "Problem",
    "ProblemKind",
    "Pruner",
    "PrunerName",
    "Ready",
    "Recommendation",
    "RecommendationsRead",
    "RecommendationsReadBy",
    "RecommendSkillsBy",
    "RecordInteractionsMastery",
    "Reliability",
    "ReliabilityBin",
    "ReportRead",
    "ReportReadProtocol",
    "Result",
    "ResultSuccessType1",
    "RetentionCreate",
    "RetentionRead",
    "RunError",
    "ScaleComparison",
    "Settings",
    "SkillAuc",
    "SkillHistory",
    "SkillList",
    "SkillMastery",
    "SkillPrediction",
    "SkillRead",
    "Spread",
    "Spreads",
    "Statement",
    "StatementsAccepted",
    "Statistics",
    "Step",
    "StudentExport",
    "StudentPage",
    "StudentRead",
    "SweepCreate",
    "SweepCreateDevice",
    "SweepPage",
    "SweepRead",
    "SweepReadStatus",
    "SweepSummary",
    "SweepSummaryStatus",
    "TrajectoryRead",
    "TrialRead",
    "TrialReadStatus",
    "Verb",
)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_MODULES[name], __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
